namespace CityHelper.Data.Import;

/// <summary>Returns the same string for the same text, up to a capacity; beyond it, new strings.</summary>
internal sealed class TextPool
{
    private readonly int _capacity;
    private readonly HashSet<string> _texts = new(StringComparer.Ordinal);
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _bySpan;

    public TextPool(int capacity)
    {
        _capacity = capacity;
        _bySpan = _texts.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Get(ReadOnlySpan<char> text)
    {
        if (_bySpan.TryGetValue(text, out string? pooled))
        {
            return pooled;
        }

        string made = text.ToString();
        if (_texts.Count < _capacity)
        {
            _texts.Add(made);
        }

        return made;
    }
}
