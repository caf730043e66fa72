"""Part III: what one layer of attention can and cannot say."""
