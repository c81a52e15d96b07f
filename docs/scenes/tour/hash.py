print({"alpha", "beta", "gamma"})
