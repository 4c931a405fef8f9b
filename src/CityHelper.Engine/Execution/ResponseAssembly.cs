using CityHelper.Engine.Schema;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Execution;

/// <summary>Assembles a response from what was read for its root fields (GraphQL specification, 6.4 and 7.1).</summary>
internal static class ResponseAssembly
{
    /// <summary>Writes the response.</summary>
    /// <param name="roots">What was read for each field of <c>data</c>, in order.</param>
    /// <param name="cache">How long it may be cached.</param>
    /// <param name="memory">Counts its bytes.</param>
    /// <exception cref="ResponseRefusedException">There is no memory for it.</exception>
    public static OperationResult Assemble(IReadOnlyList<RootRows> roots, CachePolicy cache, MemoryLease memory)
    {
        var json = new JsonBuffer(memory);
        List<FieldError> errors = [];
        json.WriteRaw("{\"data\":"u8);
        int data = json.Length;
        json.WriteByte((byte)'{');
        for (int i = 0; i < roots.Count; i++)
        {
            if (i > 0)
            {
                json.WriteByte((byte)',');
            }

            if (!TryWriteRoot(roots[i], json, errors))
            {
                // A non-null root field is null, so data is null (GraphQL spec 6.4.4).
                json.CutBackTo(data);
                json.WriteNull();
                return OperationResult.Executed(json, data, errors, cache);
            }
        }

        json.WriteByte((byte)'}');
        return OperationResult.Executed(json, data, errors, cache);
    }

    private static bool TryWriteRoot(RootRows root, JsonBuffer data, List<FieldError> errors)
    {
        if (root.Error is null)
        {
            return root.Field.TryWrite(new WriteContext(root) { Json = data, Errors = errors });
        }

        errors.Add(new FieldError(root.Error, [root.Field.ResponseName]));
        data.WriteRaw(root.Field.NameUtf8);
        data.WriteNull();
        return !root.Field.NonNull;
    }
}
