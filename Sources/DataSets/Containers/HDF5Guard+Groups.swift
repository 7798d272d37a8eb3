#if HDF5
  internal import NumericalCore

  extension HDF5Guard {
    /// Checks the tables of a group of the old kind before the library searches them.
    ///
    /// Every node of the group's tree must lie in the file as a whole and be reached once, and every
    /// name must end inside the group's heap. Groups of the new kind carry checksums.
    func checkGroup(at address: UInt64, of object: String) throws(SzilardError) {
      if isKnownAsSound(address) { return }
      guard let superblock = bytes(at: 0, count: 20) else { throw damaged(object) }
      // Later superblocks carry a checksum; with a user block the file begins elsewhere.
      guard superblock[0] == 0x89, superblock[8] <= 1 else { return }
      guard superblock[13] == 8, superblock[14] == 8 else { return }
      let sizes = NodeSizes(
        leaf: 8 + 80 * Int(HDF5Guard.integer(superblock[16..<18])),
        tree: 32 + 32 * Int(HDF5Guard.integer(superblock[18..<20])))
      var failed = false
      try forEachMessage(at: address, of: object) { kind, isShared, message in
        guard kind == 0x11 else { return }
        let isSound =
          !isShared && message.count >= 16
          && isSoundTable(
            tree: HDF5Guard.integer(message[0..<8]), heap: HDF5Guard.integer(message[8..<16]), sizes
          )
        if !isSound { failed = true }
      }
      if failed { throw damaged(object) }
      markAsSound(address)
    }

    /// Bytes of a node of names and of a node of the tree.
    private struct NodeSizes {
      let leaf: Int
      let tree: Int
    }

    private func isSoundTable(tree: UInt64, heap: UInt64, _ sizes: NodeSizes) -> Bool {
      guard let head = bytes(at: heap, count: 32), head.starts(with: Array("HEAP".utf8)),
        let length = Int(exactly: HDF5Guard.integer(head[8..<16])),
        let names = bytes(at: HDF5Guard.integer(head[24..<32]), count: length)
      else { return false }
      let lastZero = names.lastIndex(of: 0) ?? -1
      var pending = [tree]
      var visited: Set<UInt64> = []
      while let address = pending.popLast() {
        guard visited.insert(address).inserted, visited.count < 1_000_000,
          let node = bytes(at: address, count: sizes.tree), node.starts(with: Array("TREE".utf8)),
          node[4] == 0
        else { return false }
        let used = Int(HDF5Guard.integer(node[6..<8]))
        guard 24 + 16 * used + 8 <= node.count else { return false }
        for child in 0..<used {
          // Keys (places of names in the heap) and children take turns.
          let place = 24 + 16 * child
          let address = HDF5Guard.integer(node[place + 8..<place + 16])
          guard HDF5Guard.integer(node[place..<place + 8]) <= UInt64(max(0, lastZero)),
            HDF5Guard.integer(node[place + 16..<place + 24]) <= UInt64(max(0, lastZero))
          else { return false }
          if node[5] > 0 {
            pending.append(address)
          } else {
            guard visited.insert(address).inserted,
              isSoundLeaf(at: address, size: sizes.leaf, lastZero: lastZero)
            else { return false }
          }
        }
      }
      return true
    }

    private func isSoundLeaf(at address: UInt64, size: Int, lastZero: Int) -> Bool {
      guard let leaf = bytes(at: address, count: size), leaf.starts(with: Array("SNOD".utf8)) else {
        return false
      }
      let used = Int(HDF5Guard.integer(leaf[6..<8]))
      guard 8 + 40 * used <= leaf.count else { return false }
      return (0..<used).allSatisfy { entry in
        let place = 8 + 40 * entry
        return lastZero >= 0 && HDF5Guard.integer(leaf[place..<place + 8]) <= UInt64(lastZero)
          && bytes(at: HDF5Guard.integer(leaf[place + 8..<place + 16]), count: 16) != nil
      }
    }
  }
#endif
