// Package arena is a top-down shooter for up to 16 players. A round lasts
// three minutes or until someone has 20 kills; drones fill the arena up while
// few people play.
//
// rules.go says what happens in which order; gun.go, field.go and drone.go
// hold the bullets, the map and the computer players. The page in web draws it.
package arena
