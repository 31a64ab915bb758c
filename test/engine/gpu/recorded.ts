/** Answers of `nvidia-smi`, in the format that NVIDIA's manual documents. */
export const twoGpus = {
  table: `0, GPU-5fb2f8a4-7d0c-4d52-8d1e-2b0f3c1a9e77, NVIDIA A100-SXM4-80GB, 81920, 80896, 535.104.05
1, GPU-0c9e2d11-31aa-4c0b-9b43-7a6f5e4d3c2b, NVIDIA A100-SXM4-80GB, 81920, 512, 535.104.05
`,
  heading: `Tue Dec  1 04:25:18 2026
+---------------------------------------------------------------------------------------+
| NVIDIA-SMI 535.104.05             Driver Version: 535.104.05   CUDA Version: 12.2     |
|-----------------------------------------+----------------------+----------------------+
`,
} as const
