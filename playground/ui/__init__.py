"""The page: thin functions that read a form, call the core and show the answer."""
