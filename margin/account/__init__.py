"""Where the requirement meets the account: equity, collateral, requirements and health, vectorised over accounts.

Every figure is an array over *scopes*: the cross scope of an account, or one of its isolated buckets. Prices come as a
function of price and scope, so that the same evaluation serves today's prices and any path of them.
"""
