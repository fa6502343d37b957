"""What tests share: texts, arrays, encoders, pipelines, and how to compare what comes out."""
