"""OpenADR 2.0b (OpenADR Alliance, profile B, schema 2012/07): messages, signatures, a VTN and a VEN without any I/O."""
