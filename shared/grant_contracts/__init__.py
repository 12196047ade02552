"""What crosses a service's border: envelope, commands, published facts, closed lists, versions.

It decides nothing and imports no service. A change here is a change of what others rely on.
"""
