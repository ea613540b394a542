"""An issuer and a service as two processes, and a change of the key between them."""
