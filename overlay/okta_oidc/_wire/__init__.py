"""HTTP over connections that can be trusted with a credential. It knows neither Okta nor OAuth.

``exchanges`` sends one request and reads its answer within a time limit and a size limit, or says
how that failed. It sends through connections to one origin (``lanes``, ``async_lanes``,
``aiohttp``) or through a caller's own client (``lent``). This package imports nothing of its
parent.
"""
