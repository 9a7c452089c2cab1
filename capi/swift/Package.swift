// swift-tools-version:5.5
// libthingp2p's C header for Swift: `import CThingP2P`. It has not been compiled, since there was no Swift where it was
// written; as a module of clang it is tested. The library must be installed so that pkg-config finds it. SwiftPM warns that
// it leaves out what pkg-config says of -rpath: run `ldconfig` after the installation.
import PackageDescription

let package = Package(
  name: "CThingP2P",
  products: [
    .library(name: "CThingP2P", targets: ["CThingP2P"])
  ],
  targets: [
    .systemLibrary(name: "CThingP2P", pkgConfig: "thingp2p", providers: [.apt(["libthingp2p-dev"])])
  ]
)
