"""The figures of Part III, a module for each page. They draw measurements and compute nothing."""
