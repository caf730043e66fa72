"""The figures of Part IV, a module for each page. They draw measurements and compute nothing."""
