import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The built pages go into the Python package, which serves them; they are never committed.
export default defineConfig({
  plugins: [react()],
  build: { outDir: "../src/weft/ui", emptyOutDir: true, chunkSizeWarningLimit: 400 },
  server: { proxy: { "/api": { target: "http://127.0.0.1:7443", changeOrigin: false } } },
});
