"""The wire structs of OCPP 2.0.1, a module per functional block. Made by tools/ocpp_structs.py. Do not edit."""
