using System.Text.Json.Nodes;
using CityHelper.Data.Model;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>The meaning of orders: a list of keys with directions, and the id at the end.</summary>
internal sealed class OracleOrders(OracleRows rows)
{
    // A sort object's members apply in the order of their declaration, whatever order the client wrote.
    private static readonly string[] s_declared = ["status", "category", "createdAt", "updatedAt", "kind", "code", "name"];

    public IReadOnlyList<object> Sort(string type, IEnumerable<object> unsorted, JsonNode? order)
    {
        List<(string Name, bool Descending)> keys = WithCategories(Keys(order));
        if (keys.Count == 0)
        {
            keys = type switch
            {
                "ServiceRequest" => [("createdAt", true)],
                "StatusUpdate" => [("createdAt", false)],
                "Boundary" => [("kind", false), ("name", false)],
                _ => [("code", false)],
            };
        }

        List<object> sorted = [.. unsorted];
        sorted.Sort((left, right) =>
        {
            int decided = keys.Select(key => Compare(left, right, key)).FirstOrDefault(c => c != 0);
            return decided != 0 ? decided : Directed(IdOf(left).CompareTo(IdOf(right)), keys[^1].Descending);
        });
        return sorted;
    }

    private static List<(string Name, bool Descending)> Keys(JsonNode? order)
    {
        List<(string Name, bool Descending)> keys = [];
        foreach (JsonNode? item in order is null ? [] : OracleFilters.Items(order))
        {
            foreach ((string name, bool descending) in Flat("", item!.AsObject()))
            {
                if (keys.All(k => k.Name != name))
                {
                    keys.Add((name, descending));
                }

                if (name == "createdAt")
                {
                    return keys;
                }
            }
        }

        return keys;
    }

    // Rows of categories with equal sort keys stay grouped by category.
    private static List<(string Name, bool Descending)> WithCategories(List<(string Name, bool Descending)> keys)
    {
        int last = keys.FindLastIndex(k => k.Name.StartsWith("category.", StringComparison.Ordinal));
        if (last >= 0)
        {
            keys.Insert(last + 1, ("category.id", keys[last].Descending));
        }

        return keys;
    }

    private static IEnumerable<(string Name, bool Descending)> Flat(string prefix, JsonObject sort) =>
        s_declared.Where(name => sort[name] is not null).SelectMany(name => sort[name] is JsonObject inner
            ? Flat(name + ".", inner)
            : [(prefix + name, sort[name]!.GetValue<string>() == "DESC")]);

    private int Compare(object left, object right, (string Name, bool Descending) key) => Directed(
        key.Name switch
        {
            "category.code" => OracleRows.CompareTexts(CategoryOf(left).Code, CategoryOf(right).Code),
            "category.name" => OracleRows.CompareTexts(CategoryOf(left).Name, CategoryOf(right).Name),
            "category.id" => CategoryOf(left).Id.CompareTo(CategoryOf(right).Id),

            // Ids carry the creation time, and in the lower bits a number that orders rows of one millisecond.
            "createdAt" => IdOf(left).CompareTo(IdOf(right)),
            _ => Compare(OracleColumns.Value(left, key.Name)!, OracleColumns.Value(right, key.Name)!),
        },
        key.Descending);

    private static int Compare(object left, object right) => left is string text
        ? OracleRows.CompareTexts(text, (string)right)
        : ((IComparable)left).CompareTo(right);

    private Category CategoryOf(object request) => rows.CategoryOf((ServiceRequest)request);

    private static int Directed(int compared, bool descending) => descending ? -compared : compared;

    private static long IdOf(object row) => row switch
    {
        ServiceRequest request => request.Id,
        StatusUpdate update => update.Id,
        Category category => category.Id,
        Agency agency => agency.Id,
        Boundary boundary => boundary.Id,
        _ => throw new ArgumentException($"{row.GetType().Name} is not sorted."),
    };
}
