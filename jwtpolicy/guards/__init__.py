"""Judge a request by what was written on its view, its class and its blueprint."""
