# Generated from openapi/okta-oauth.yaml by `nox -s generate`: edit that document instead.
"""Contains methods for accessing the API"""
