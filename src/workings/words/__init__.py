"""The last pages: which came first, by the calendar."""
