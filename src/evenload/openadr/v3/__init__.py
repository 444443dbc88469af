"""OpenADR 3.1.0 (OpenADR Alliance, openadr3.yaml 3.1.0): objects, times, a VTN and a VEN without any I/O."""
