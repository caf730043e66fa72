"""Part IV: what one fine-tuning run proves about what a model can do."""
