namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// The fields selected of one type at one place of an answer, over all fragments that are written there. Fields of one response name are
/// merged, so a second one must have the very arguments of the first.
/// </summary>
internal sealed class SelectionScope
{
    private readonly Dictionary<string, SelectionScope> _byType = [];

    /// <summary>The fields selected so far, by response name.</summary>
    public Dictionary<string, SelectedField> Fields { get; } = [];

    /// <summary>The scope of one of the types that an interface can be.</summary>
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
/// A field that was selected and may be selected again: its head is alias, name and arguments, its type that of what is below.
/// </summary>
internal sealed record SelectedField(string Head, string Type, Place Place, SelectionScope Below);

/// <summary>
/// A fragment that may be spread again, where its lists do not become too many, and where no more connections are around than at the place
/// that it was written for.
/// </summary>
internal sealed record FragmentDraft(string Name, string Type, int Lists, int Connections);
