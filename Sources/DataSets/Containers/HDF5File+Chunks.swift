#if HDF5
  internal import CHDF5
  internal import CZlib
  internal import NumericalCore

  extension HDF5File {
    /// Numbering chunks costs the library a walk over all of them; above this number the check is
    /// left out.
    private static let mostChunks: hsize_t = 20_000

    /// The library allocates a whole chunk; one larger than its file and than this is no honest one.
    private static let largestChunk = 1 << 27

    /// Checks that the chunks of a dataset hold as many bytes as its chunk size says; the library
    /// copies from a shorter one past its end.
    func checkChunks(
      of id: hid_t, space: hid_t, creation: hid_t, shape: [Int], elementSize: Int, _ dataset: String
    ) throws(SzilardError) {
      var address: haddr_t = 0
      var kind: Int32 = 0
      guard let guards, szh_object_info(file, dataset, &address, &kind) >= 0 else { return }
      // The header's own mark is set; the next address stands for its chunks.
      let mark = UInt64(address) &+ 1
      if guards.isKnownAsSound(mark) { return }
      var lengths = [hsize_t](repeating: 0, count: 32)
      let rank = Int(H5Pget_chunk(creation, 32, &lengths))
      guard rank > 0,
        let expected = StoredArray.byteCount(
          of: lengths[..<rank].map { Int(clamping: $0) } + [elementSize], .uint8),
        expected <= max(HDF5File.largestChunk, size),
        let isDeflated = HDF5File.isDeflated(creation)
      else { throw damaged(dataset, "its chunks are damaged, or packed in a way that is not read") }
      var count: hsize_t = 0
      guard H5Dget_num_chunks(id, space, &count) >= 0 else {
        throw damaged(dataset, "its chunks are damaged")
      }
      // Chunks that were never written hold a fill value; data are not made of them, and the library
      // keeps a record of each.
      let slots = zip(shape, lengths).reduce(1) { product, axis in
        product.multipliedReportingOverflow(by: axis.0 / Int(clamping: max(1, axis.1)) + 1)
          .partialValue
      }
      guard slots >= 0, hsize_t(slots) <= 100 * (count + 100) else {
        throw damaged(dataset, "promises far more chunks than the file holds; it is damaged")
      }
      if count > HDF5File.mostChunks { return }
      for index in 0..<count {
        var offset = [hsize_t](repeating: 0, count: 32)
        var mask: UInt32 = 0
        var place: haddr_t = 0
        var stored: hsize_t = 0
        guard H5Dget_chunk_info(id, space, index, &offset, &mask, &place, &stored) >= 0,
          let bytes = guards.bytes(at: UInt64(place), count: Int(clamping: stored))
        else { throw damaged(dataset, "its chunks are damaged") }
        let length = isDeflated && mask == 0 ? HDF5File.inflatedSize(bytes, expected) : bytes.count
        // A checksum adds four bytes.
        guard length == expected || length == expected + 4 else {
          throw damaged(dataset, "its chunks are damaged")
        }
      }
      guards.markAsSound(mark)
    }

    /// Whether chunks are deflated; nil when another filter than deflate, shuffle and Fletcher's
    /// checksum is used.
    private static func isDeflated(_ creation: hid_t) -> Bool? {
      var result = false
      for number in 0..<max(0, H5Pget_nfilters(creation)) {
        var flags: UInt32 = 0
        var count = 0
        var configuration: UInt32 = 0
        switch H5Pget_filter2(
          creation, UInt32(number), &flags, &count, nil, 0, nil, &configuration)
        {
        case 1: result = true
        case 2, 3: break
        default: return nil
        }
      }
      return result
    }

    /// The number of bytes that a deflated block holds, counted to a little more than `limit`; -1
    /// when it is damaged.
    private static func inflatedSize(_ bytes: [UInt8], _ limit: Int) -> Int {
      var stream = z_stream()
      guard
        inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
      else { return -1 }
      defer { inflateEnd(&stream) }
      var input = bytes
      var output = [UInt8](repeating: 0, count: 1 << 16)
      var total = 0
      return input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          stream.next_in = input.baseAddress
          stream.avail_in = UInt32(clamping: input.count)
          while total <= limit + 4 {
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            let status = inflate(&stream, Z_NO_FLUSH)
            total += output.count - Int(stream.avail_out)
            if status == Z_STREAM_END { return total }
            guard status == Z_OK else { return -1 }
          }
          return total
        }
      }
    }
  }
#endif
