"""What differs from one country to the next: packs, places, centres, catalogues."""
