"""Pricing models: one module per model, its name the model's; all vectorised over contracts and scenarios."""
