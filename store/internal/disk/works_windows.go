package disk

// syncEverything: to flush a volume takes an administrator.
func syncEverything() {}
