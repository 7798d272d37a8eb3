"""Makes the fixtures of DataSetsTests with independent libraries.

Run in this folder: python3 make-fixtures.py    (NumPy 2, h5py 3, safetensors)

Values: general arrays hold 10 i + j - 5 (unsigned and half types: 10 i + j), binary ones (i + j) % 2.
"""

import gzip
import io

import h5py
import numpy as np
from safetensors.numpy import save_file

i, j = np.indices((3, 4))
general = 10 * i + j - 5
unsigned = 10 * i + j
binary = (i + j) % 2

for code in ["i1", "i2", "i4", "i8", "f2", "f4", "f8", ">i2", ">i4", ">f4", ">f8"]:
    np.save(f"matrix-{code.replace('>', 'big-')}.npy", general.astype(code))
for code in ["u1", "u2", "u4", "u8", ">u2"]:
    np.save(f"matrix-{code.replace('>', 'big-')}.npy", unsigned.astype(code))
np.save("matrix-bool.npy", binary.astype(bool))
np.save("matrix-fortran.npy", np.asfortranarray(general.astype("f8")))
np.save("cube-u1.npy", np.arange(24, dtype="u1").reshape(2, 3, 4))
np.save("cube-fortran.npy", np.asfortranarray(np.arange(24, dtype="i4").reshape(2, 3, 4)))
np.save("vector.npy", np.arange(3))
np.save("scalar.npy", np.float64(2.5))
np.save("complex.npy", general.astype("c16"))
np.save("structured.npy", np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]))
for version in [(2, 0), (3, 0)]:
    with open(f"version-{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, binary.astype("u1"), version=version)
buffer = io.BytesIO()
np.save(buffer, binary.astype("f8"))
with open("binary.npy.gz", "wb") as file:
    file.write(gzip.compress(buffer.getvalue(), mtime=0))

np.savez("stored.npz", samples=2 * binary - 1, labels=np.array([2, 0, 1]))
np.savez_compressed("deflated.npz", binary.astype("f4"))
np.savez("several.npz", first=binary, second=general)

with h5py.File("bernoulli.h5", "w") as file:
    file["samples"] = binary.astype("f8")
    file["labels"] = np.array([2, 0, 1])
    file["variable_type"] = "bernoulli"
with h5py.File("ising.h5", "w") as file:
    file["samples"] = (2 * binary - 1).astype("i1")
    file["variable_type"] = "ising"
with h5py.File("categorical.h5", "w") as file:
    file["samples"] = (unsigned % 5).astype("i4")
    file["variable_type"] = "categorical"
with h5py.File("continuous.h5", "w") as file:
    file["samples"] = (general / 4).astype("f4")
    file["variable_type"] = "continuous"
with h5py.File("chunked.h5", "w") as file:
    file.create_dataset("samples", data=binary.astype("u1"), chunks=(2, 2), compression="gzip")
with open("bernoulli.h5.gz", "wb") as file:
    file.write(gzip.compress(open("bernoulli.h5", "rb").read(), mtime=0))
with h5py.File("container.h5", "w") as file:
    file["model_type"] = "BBRBM"
    file["names"] = ["alpha", "", "gamma ray"]
    file["fixed"] = np.array([b"one", b"three"])
    parameters = file.create_group("update_1/params")
    parameters["weight_matrix"] = (general / 8).astype("f4")
    parameters["vbias"] = np.arange(4, dtype="f8") / 3
    file["update_1/vbias"] = parameters["vbias"]
    file["update_1/flag"] = True
    file["update_1/torch_rng_state"] = np.arange(5, dtype="u1")
    file["update_1/numpy_rng_arg1"] = np.array([1, 2**32 - 1], dtype="u4")
    file["seed"] = 12345678901
    file["big"] = np.array([2**64 - 1], dtype="u8")
    file["learning_rate"] = 0.01
    file["empty"] = np.zeros((0, 3))

save_file(
    {
        "weights": (general / 8).astype("f4"),
        "biases": np.arange(4) / 3,
        "steps": np.array(-7, dtype="i8"),
        "state": np.array([2**64 - 1, 5], dtype="u8"),
        "bytes": np.arange(3, dtype="u1"),
        "empty": np.zeros((0, 3), "f4"),
    },
    "library.safetensors",
    metadata={"kind": "test"},
)

images = (np.arange(2 * 3 * 4) * 11 % 256).astype("u1")
header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (2, 3, 4))
with open("tiny-images-idx3-ubyte.gz", "wb") as file:
    file.write(gzip.compress(header + images.tobytes(), mtime=0))
with open("tiny-labels-idx1-ubyte.gz", "wb") as file:
    file.write(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 3]), mtime=0))
with open("tiny.fasta.gz", "wb") as file:
    file.write(gzip.compress(b">one\nAC-\nGU\n>two\nGGGGG\n", mtime=0))
with open("spins.txt.gz", "wb") as file:
    file.write(gzip.compress(b"1 -1 1\n-1 -1 1 \n", mtime=0))
