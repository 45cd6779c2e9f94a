"""Where the model runs: what cards there are, which one is fit, and in which compute type."""
