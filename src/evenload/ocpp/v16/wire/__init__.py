"""The wire structs of OCPP 1.6, a module per functional block. Made by tools/ocpp_structs.py. Do not edit."""
