"""From the model's text to the text that is shown."""
