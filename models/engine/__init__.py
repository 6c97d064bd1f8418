"""The collapsed engine: sums, the marginal likelihood, draw-back, importance sampling, stored programs; and NUTS."""
