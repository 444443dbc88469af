"""Who gets what when there is too little for all."""
