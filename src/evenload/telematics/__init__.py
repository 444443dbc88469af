"""Cars by their makers' clouds: requests and answers, no sockets, no clock."""
