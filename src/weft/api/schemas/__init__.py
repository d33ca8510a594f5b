"""The bodies of the API: closed, so that a misspelt field is an error and not a silence."""
