"""Guards: the policies on views, classes and blueprints, and their enforcement."""
