"""What runs beside student code: the zygote, its confined children and the operations they answer."""
