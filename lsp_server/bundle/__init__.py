"""Air-gapped installation: one folder with wheels, models, plugins and checks."""
