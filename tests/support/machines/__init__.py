"""What tests of several machines share: servers, and clients that are busy at them."""
