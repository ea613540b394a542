"""Check an application before production: what ``flask jwtpolicy check`` asks, and the page."""
