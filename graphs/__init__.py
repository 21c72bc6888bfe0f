"""The loop that drafts, scores and asks: one graph per platform, which touches nothing but the language model."""
