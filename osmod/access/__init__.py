"""Who may do what: roles, tokens and the accounts behind them. For everything that lets somebody in."""
