namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Random selections: fields, aliases, fragments, directives. They are valid by construction: a response name is reused only for the same
/// field with the same arguments, and fragments give a unique name to every field with arguments.
/// </summary>
internal sealed class SelectionGenerator(OracleRows rows, SchemaFile schema, OperationDraft draft, Dice dice)
{
    private const int ConnectionsMax = 3;
    private const int ListsMax = 18;
    private const int SelectionsMax = 130;

    private readonly ArgumentGenerator _arguments = new(rows, schema, draft, dice);
    private readonly List<FragmentDraft> _fragments = [];

    /// <summary>The selection set of the operation, with this many root fields.</summary>
    public string Roots(int roots)
    {
        var scope = new SelectionScope();
        return Set(Enumerable.Range(0, roots).Select(_ =>
        {
            // Each root gets its share, so that the first does not use up the limits.
            draft.ListsLeft = Math.Max(2, ListsMax / roots);
            draft.SelectionsLeft = Math.Max(12, SelectionsMax / roots);
            return Selection("Query", scope, Place.Root);
        }));
    }

    /// <summary>The selection set of one row of a type.</summary>
    public string Row(string type)
    {
        (draft.ListsLeft, draft.SelectionsLeft) = (ListsMax, SelectionsMax / 2);
        return Selections(type, new SelectionScope(), Place.Root);
    }

    private string Selections(string type, SelectionScope scope, Place place)
    {
        int count =
            draft.SelectionsLeft <= 0 ? 1
            : schema.IsInterface(type) ? dice.Between(1, 4)
            : dice.PickWeighted([1, 2, 3, 4, 6], n => n < 5 ? 3 : 1);
        return Set(Enumerable.Range(0, count).Select(_ => Selection(type, scope, place)));
    }

    private static string Set(IEnumerable<string> selections) => $"{{ {string.Join(' ', selections)} }}";

    private string Selection(string type, SelectionScope scope, Place place)
    {
        if (draft.SelectionsLeft-- <= 0)
        {
            return "__typename";
        }

        return dice.Below(100) switch
        {
            < 5 => $"{(dice.Chance(30) ? draft.NewName("t") + ": " : "")}__typename{Directive()}",
            < 14 => Inline(type, scope, place),
            < 21 => Spread(type, place),
            < 29 when scope.Fields.Count > 0 => Again(scope),
            _ when type == "Node" && dice.Chance(75) => Inline(type, scope, place),
            _ => Field(type, scope, place),
        };
    }

    private string Inline(string type, SelectionScope scope, Place place)
    {
        string head = "..." + (dice.Chance(20) && type != "Node" ? "" : $" on {Condition(type)}");
        string condition = head.Length == 3 ? type : head[7..];
        head += Directive();
        if (condition == type)
        {
            return $"{head} {Selections(type, scope, place)}";
        }

        // From an interface to one of its types: the selections of that type at this path are one scope. From a type to its interface and
        // perhaps back: as in a fragment, no field may merge with the existing ones.
        bool narrows = schema.IsInterface(type);
        Place below = narrows ? place.Below(head.Split(" @")[0]) : place with { Path = null, IsInFragment = true };
        return $"{head} {Selections(condition, narrows ? scope.Of(condition) : new SelectionScope(), below)}";
    }

    // The type itself, one of its interfaces, or one of its possible types.
    private string Condition(string type) => schema.IsInterface(type)
        ? dice.Chance(10) ? type : dice.Pick(schema.PossibleTypes(type))
        : dice.Chance(60) ? type : dice.Pick([type, .. schema.InterfacesOf(type)]);

    private string Spread(string type, Place place)
    {
        List<FragmentDraft> known = [.. _fragments.Where(f => f.Type == type && f.Lists <= draft.ListsLeft
            && (f.Lists == 0 || (f.Connections >= place.Connections && !place.IsBelowCities)))];
        if (known.Count > 0 && dice.Chance(50))
        {
            FragmentDraft again = dice.Pick(known);
            draft.ListsLeft -= again.Lists;
            return $"...{again.Name}{Directive()}";
        }

        string name = draft.NewName("F");
        string condition = Condition(type);
        int listsBefore = draft.ListsLeft;
        string body = Selections(condition, new SelectionScope(), place with { Path = null, IsInFragment = true });
        draft.Fragments.Add($"fragment {name} on {condition} {body}");
        _fragments.Add(new FragmentDraft(name, condition, listsBefore - draft.ListsLeft, place.Connections));
        return $"...{name}{Directive()}";
    }

    private string Again(SelectionScope scope)
    {
        SelectedField field = dice.Pick([.. scope.Fields.Values]);
        return $"{field.Head}{Directive()}{Below(field)}";
    }

    private string Field(string type, SelectionScope scope, Place place)
    {
        List<SchemaField> offered = [.. schema.Fields(type).Where(f => Costs(type, f) <= draft.ListsLeft && !IsRefused(type, f, place))];
        if (offered.Count == 0)
        {
            return "__typename";
        }

        SchemaField field = dice.PickWeighted(offered, f => Weight(type, f));
        draft.ListsLeft -= Costs(type, field);
        Place here = type == "Query" && dice.Chance(20) ? place with { City = OracleRows.SpringfieldId } : place;

        // A field without arguments is the same field everywhere. On an interface its type may differ from that on its objects.
        // The coordinates of two kinds of geometry have two types, and so have the boundaries of a request and of a city.
        bool isFree =
            field.Arguments.Count == 0
                ? field.Name is not ("coordinates" or "boundaries") && (!schema.IsInterface(type) || field.Name is "id" or "type")
                : !place.IsInFragment;
        bool aliased =
            !isFree || dice.Chance(15) || (field.Arguments.Count > 0 && (scope.Fields.ContainsKey(field.Name) || dice.Chance(40)));
        string responseName = aliased ? draft.NewName("a") : field.Name;
        if (scope.Fields.TryGetValue(responseName, out SelectedField? known))
        {
            return $"{known.Head}{Directive()}{Below(known)}";
        }

        string head = (aliased ? responseName + ": " : "") + field.Name + _arguments.For(type, field, here);
        var selected = new SelectedField(head, field.Type.Name, PlaceBelow(type, field, here, head), new SelectionScope());
        scope.Fields.Add(responseName, selected);
        return $"{head}{Directive()}{Below(selected)}";
    }

    private string Below(SelectedField field)
    {
        if (!schema.IsComposite(field.Type))
        {
            return "";
        }

        string selections = Selections(field.Type, field.Below, field.Place);
        bool showsRows =
            !field.Type.EndsWith("Connection", StringComparison.Ordinal)
            || selections.Contains(" nodes ", StringComparison.Ordinal)
            || selections.Contains(" edges ", StringComparison.Ordinal)
            || dice.Chance(25);
        return showsRows ? " " + selections : $" {{ {dice.Pick(["nodes", "edges"])} {{ __typename }} {selections[2..]}";
    }

    private static Place PlaceBelow(string type, SchemaField field, Place here, string head)
    {
        if (field.Type.Name.EndsWith("Connection", StringComparison.Ordinal))
        {
            return here with { Path = null, Connections = here.Connections + 1 };
        }

        if (IsSimilar(field))
        {
            return here with { Path = null, Connections = here.Connections + 1 };
        }

        return field.Type.IsList
            ? here with { Path = null, IsBelowCities = field.Name == "cities" || here.IsBelowCities }
            : here.Below(head);
    }

    private static bool IsSimilar(SchemaField field) => field.Name is "possibleDuplicates" or "duplicateCandidates";

    // Separate tests compare statistics, and the requests within one boundary, with the rows. A city's cursor says when it was read, which
    // rows do not. Versions and redactions come with writes, whose tests read them. Duplicates and boundaries of very many requests are
    // refused.
    private static bool IsRefused(string type, SchemaField field, Place place) =>
        (type, field.Name) is (_, "stats" or "serviceRequestStats" or "serviceRequestClusters")
            or ("Boundary", "serviceRequests") or ("City", "cursor") or ("ServiceRequest", "version" or "redactedAt")
        || (IsSimilar(field) && place.Connections > 1)
        || ((type, field.Name) is ("ServiceRequest", "boundaries") && place.Connections > 2)
        || (field.Type.Name.EndsWith("Connection", StringComparison.Ordinal)
            && (place.Connections >= ConnectionsMax || (type == "City" && place.IsBelowCities)));

    // A list is a statement, and so is a count; a node may have one of four types. A statement follows five references to duplicates.
    private static int Costs(string type, SchemaField field) => (type, field.Name) switch
    {
        (_, "duplicateOf") => 4,
        ("Query", "node" or "nodes") => 2,
        _ when field.Type.Name.EndsWith("Connection", StringComparison.Ordinal) => 2,
        ("Query", "duplicateCandidates") => 2,
        ("Query", _) or (_, "updates" or "possibleDuplicates") or ("ServiceRequest", "boundaries") => 1,
        _ => 0,
    };

    private int Weight(string type, SchemaField field) => (type, field.Name) switch
    {
        ("Query", "serviceRequests") => 14,
        ("Query", "city") or ("Query", "node") or ("Query", "nearbyServiceRequests") => 6,
        ("Query", "nodes") or ("Query", "serviceRequest") => 4,
        (_, "nodes") or (_, "edges") or (_, "node") => 6,
        (_, "pageInfo") => 4,
        (_, "totalCount") => 3,
        _ when field.Type.Name.EndsWith("Connection", StringComparison.Ordinal) => 8,
        _ when schema.IsComposite(field.Type.Name) => 3,
        _ => 2,
    };

    private string Directive()
    {
        if (!dice.Chance(8))
        {
            return "";
        }

        bool stays = dice.Chance(70);
        return dice.Below(5) switch
        {
            0 => Include(stays) + Skip(dice.Chance(50)),
            1 or 2 => Include(stays),
            _ => Skip(!stays),
        };
    }

    private string Include(bool condition) => $" @include(if: {_arguments.Condition(condition)})";

    private string Skip(bool condition) => $" @skip(if: {_arguments.Condition(condition)})";
}
