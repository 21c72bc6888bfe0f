"""One room per platform: the values of its policy, its publisher, its preview. `registry.PLATFORMS` lists them."""
