"""What the pages on dates and words state: a module for each page, all entered in the register."""

from importlib import import_module
from pkgutil import iter_modules

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")
