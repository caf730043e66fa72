"""The figures on dates and words, a module for each page. They draw dates and compute nothing."""
