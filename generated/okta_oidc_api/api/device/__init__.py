# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""Contains endpoint functions for accessing the API"""
