"""The figures of Part II, a module for each page. They draw measurements and compute nothing."""
