"""One folder with all that a machine without network needs: wheels, models, plugins, proofs."""
