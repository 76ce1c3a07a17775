"""The forms of answers, for the document of the API. Nothing is checked by these at run time: tests do that."""
