package tick

func Sin(x float32) float32               { return 0 }
func Cos(x float32) float32               { return 0 }
func SinCos(x float32) (sin, cos float32) { return 0, 0 }
func Atan2(y, x float32) float32          { return 0 }
