"""What is not certain: early departures, cars to come, devices out of control."""
