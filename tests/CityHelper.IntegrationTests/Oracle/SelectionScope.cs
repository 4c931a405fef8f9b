namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// The fields selected of one type at one path of an answer, over all fragments there. Fields of one response name are merged, so a second
/// one must have the same arguments as the first.
/// </summary>
internal sealed class SelectionScope
{
    private readonly Dictionary<string, SelectionScope> _byType = [];

    /// <summary>The fields selected so far, by response name.</summary>
    public Dictionary<string, SelectedField> Fields { get; } = [];

    /// <summary>The scope of one of an interface's possible types.</summary>
    public SelectionScope Of(string type)
    {
        if (!_byType.TryGetValue(type, out SelectionScope? scope))
        {
            _byType.Add(type, scope = new SelectionScope());
        }

        return scope;
    }
}

/// <summary>
/// A selected field that may be selected again: its head is alias, name and arguments, its type that of its nested fields.
/// </summary>
internal sealed record SelectedField(string Head, string Type, Place Place, SelectionScope Below);

/// <summary>
/// A fragment that may be spread again where the number of lists stays in its limit, with no more enclosing connections than where it was
/// written.
/// </summary>
internal sealed record FragmentDraft(string Name, string Type, int Lists, int Connections);
